"""What the business adds to the bill: account dimensions, tag synonyms, calendar, spend definitions, rates."""
