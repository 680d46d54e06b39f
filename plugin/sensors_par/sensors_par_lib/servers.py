"""The three servers together. Importing this module needs Python's _socket, which the game does not bring."""

from .ego import EgoServer
from .management import Management
from .opponents import Opponents
from .tcp import TcpServer


class Servers(object):
    """Ego (UDP), management and opponents (TCP), on the host and ports of the settings."""

    def __init__(self, app):
        settings, host = app.settings, app.settings.ego_server_host_name
        self.ego = EgoServer(settings, app.joystick, app.clock, app.meter, app.log)
        management = Management(settings, app.game, app.jobs, app, app.log)
        self.management = TcpServer(
            "simulation_management", host, settings.simulation_management_server_port, management.handle, app.log
        )
        self.opponents = Opponents(app.ac, app.acsys, app.jobs, settings.token, app.log)
        self._opponents_server = TcpServer(
            "opponents", host, settings.opponents_server_port, self.opponents.handle, app.log
        )
        self._tcp = (self.management, self._opponents_server)
        self._all = (self.ego,) + self._tcp
        for server in self._all:
            server.start()

    @property
    def opponents_wanted(self):
        return self._opponents_server.connections > 0

    @property
    def ports(self):
        return tuple(server.port for server in self._all)

    @property
    def problems(self):
        """Why servers do not run, a line each."""
        return [server.problem for server in self._all if server.problem]

    def stop(self):
        for server in self._tcp:
            server.ask_to_stop()
        for server in self._all:
            server.stop()
