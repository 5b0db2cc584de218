"""Rewards for tagging legal acts with EuroVoc's domains: shared specs, and rows to practise on."""
