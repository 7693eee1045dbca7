"""The model card, request rates and plots."""
