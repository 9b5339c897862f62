"""Measurements beside other libraries, each a module to be run by itself."""
