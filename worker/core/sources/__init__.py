"""Sources as people define them: their ids and options, the records that hold them, the files that list them."""
