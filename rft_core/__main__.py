"""`python -m rft_core` is `rft`."""

from rft_core.cli.app import main

main()
