"""Who answers: the registry, interests and their consequences, what each is worth, and one folder an adapter."""
