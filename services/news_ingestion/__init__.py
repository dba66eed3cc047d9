"""News ingestion: fetches and receives articles, decides on duplicates and stories, and hands them on."""
