"""Costs by Cost Management's Query API: the second source, for what no export has."""
