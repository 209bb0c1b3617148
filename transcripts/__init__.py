import os

# LanceDB reads these when it is first imported.
os.environ.setdefault("LANCEDB_LOG", "error")  # it warns on the terminal
# In percent: where a filter leaves fewer rows, words are looked for in one after the other. By itself it is
# 10; at a million passages, for 4 % of them, two words then took 18 ms instead of 8.
os.environ.setdefault("LANCE_FLAT_SEARCH_PERCENT_THRESHOLD", "2")
