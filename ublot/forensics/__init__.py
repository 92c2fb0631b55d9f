"""What the stored levels tell about the way they came: compression, stretching, enlarging, splices and copies.

Every test looks at levels as the file holds them, before rotation and response. `examine` runs them all.
"""
