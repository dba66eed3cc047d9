"""Topics of a text in the taxonomies `market` and `reuters`."""
