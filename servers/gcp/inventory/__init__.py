"""Google Cloud's inventory, from Cloud Asset Inventory."""
