"""The only `gymnasium.register` calls, run by `import ac_gym`.

Gymnasium 1.0 removed environment plugins, so without an import of ours the id names the package:
`gym.make("ac_gym:AssettoCorsa-v0")`.
"""

from gymnasium.envs.registration import register as _register
from gymnasium.envs.registration import registry

ENV_ID = "AssettoCorsa-v0"


def register() -> None:
    """Register the environments; does nothing where they are registered."""
    if ENV_ID not in registry:
        _register(
            ENV_ID,
            entry_point="ac_gym.envs:AssettoCorsaEnv",
            vector_entry_point="ac_gym.envs:AssettoCorsaVectorEnv",
        )
