"""From bins to the files of editing programs, and from their logs to subclips."""
