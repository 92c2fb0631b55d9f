"""One lane's densitometry; the fourth section of the panel."""
