"""Prices of Google Cloud: SKUs of the Catalog API, machines composed of them, contract prices of the pricing export."""
