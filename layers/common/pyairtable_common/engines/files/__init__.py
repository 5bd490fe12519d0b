"""Files and mail in folders, for one machine."""
