"""EC50, IC50 and K_i from doses and responses."""
