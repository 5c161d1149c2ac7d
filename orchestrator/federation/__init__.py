"""The orchestrator's side of MCP: one owner task per cloud server, deadlines, honest gaps, bulk transfer."""
