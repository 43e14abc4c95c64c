"""One module a screen: plain functions from what was asked to a response."""
