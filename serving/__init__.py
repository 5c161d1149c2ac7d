"""How every server of ours speaks MCP: strict arguments, one error form, compact answers, both transports."""
