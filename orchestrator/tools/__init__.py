"""The orchestrator's tools: one file each, one line in the registry, which also names the toolset."""
