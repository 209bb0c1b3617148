import os

os.environ.setdefault("LANCEDB_LOG", "error")  # LanceDB warns on the terminal; read when it is first imported
