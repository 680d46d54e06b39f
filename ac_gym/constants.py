"""Numbers that the game fixes; the native core computes with the same (`tests/worlds` weighs a car)."""

GRAVITY = 9.81  # m/s2, and a g of the telemetry
FULL_STEER_DEG = 450.0  # steering wheel angle at full axis
FUEL_DENSITY = 0.74  # kg/l, petrol
BRAKE_GAMMA = 2.4  # the game brakes with the pedal (0..1) to the power of this
NEUTRAL = (0.0, -1.0, -1.0, 0.0)  # controls: steering straight, pedals up, no gear request


def air_density(temperature: float) -> float:
    """kg/m3 at `temperature` (degrees Celsius), at sea level; the game's own formula."""
    return 1.2922 - 0.0041 * temperature
