"""User state: small, transactional, of many writers; a rebuild of the ledger never touches it."""
