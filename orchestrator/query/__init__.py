"""The typed query model, compiled to SQL: what is asked, which columns it needs, how it reads, what comes back."""
