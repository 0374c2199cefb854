"""Customer records: storing, finding, importing and exporting them."""
