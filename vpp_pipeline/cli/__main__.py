"""`python -m vpp_pipeline.cli` is `vpp`."""

from vpp_pipeline.cli import main

main()
