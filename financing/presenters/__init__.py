"""What the pages and the widget say of an onboarding or an agreement: view-models without a request."""
