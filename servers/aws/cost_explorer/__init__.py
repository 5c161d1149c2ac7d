"""Cost Explorer: the paid API behind what no exported bill tells yet."""
