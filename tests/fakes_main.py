"""The command line on models that take no time: Prefect, the archive and the index are the real ones.

python tests/fakes_main.py run CONFERENCE.yaml --archive DIR
"""

from __future__ import annotations

from fakes import FakeModels

import flows.models

flows.models.Models = FakeModels  # type: ignore[misc]  # before anything imports it from there

if __name__ == "__main__":
    import flows.cli

    flows.cli.main()
