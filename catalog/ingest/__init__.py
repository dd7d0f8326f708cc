"""Ingest: register files, analyse their essence, encode their frames: see `pipeline.Ingest`."""
