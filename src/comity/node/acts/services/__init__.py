"""Every write of an act: composing, approving, recording, delivering, receiving; one module for each step."""
