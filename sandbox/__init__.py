"""The stand-in for the bank and its BankID: a process of its own that knows the accounting system by HTTP only."""
