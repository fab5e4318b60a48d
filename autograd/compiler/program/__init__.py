"""What a traced function does: its graph, gathered into blocks that can be named, listed and replayed."""
