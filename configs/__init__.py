"""Data only: profiles, themes and the demo conference, installed beside the code."""
