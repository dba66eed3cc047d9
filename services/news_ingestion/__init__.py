"""News ingestion: fetches and takes in articles, decides on duplicates and stories, and hands them on."""
