"""The picture as cells: membrane, noise, lanes on a smooth surface."""
