"""Pure values of the catalogue: time, media, queries, results. No I/O here."""
