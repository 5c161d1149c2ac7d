"""Invoices: the bridge from EffectiveCost over BilledCost to what the invoice says, to the cent."""
