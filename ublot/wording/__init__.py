"""Words shared by report, command line and plugin."""
