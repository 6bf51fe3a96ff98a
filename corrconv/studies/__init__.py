"""Questions asked of the core: each answer is one frozen dataclass."""
