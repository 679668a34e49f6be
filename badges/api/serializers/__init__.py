"""The wire format: one Input and one Output for each verb. All camelCase lives here."""
