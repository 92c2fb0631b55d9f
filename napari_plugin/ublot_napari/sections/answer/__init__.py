"""The answer: bars, dose-response, table and flags; the fifth section of the panel."""
