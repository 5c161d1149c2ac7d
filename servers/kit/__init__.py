"""What every cloud server shares: ports, tools, the converter of bills. Knows no cloud."""
