"""`python -m skyledger`."""

from skyledger import main

main()
