from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.testing.contracts.log import LogContract


class TestSqliteLog(LogContract):
    def open_log(self, directory):
        return SqliteLog(directory, Keyring.open(directory))


class TestSqliteLogInTheClear(LogContract):
    def open_log(self, directory):
        return SqliteLog(directory, Keyring.open(directory), encrypted=False)
