from journeyfold.runtime.notify import Listener, Notifier


def test_a_message_reaches_every_listener_of_that_name(tmp_path):
    first, second = Listener(tmp_path, "serve-0"), Listener(tmp_path, "serve-1")
    other = Listener(tmp_path, "work")
    notifier = Notifier(tmp_path, "serve-")
    notifier.send(b"hello")
    assert first.wait(1.0) == [b"hello"]
    assert second.wait(1.0) == [b"hello"]
    assert other.wait(0.0) == []
    for one in (first, second, other, notifier):
        one.close()


def test_a_stranger_without_the_token_is_not_heard(tmp_path):
    listener = Listener(tmp_path, "work")
    notifier = Notifier(tmp_path, "work")
    notifier._token = b"x" * 16
    notifier.send(b"fold!")
    assert listener.wait(0.2) == []
    listener.close()
    notifier.close()


def test_a_listener_that_came_back_on_another_port_is_found(tmp_path):
    notifier = Notifier(tmp_path, "work")
    Listener(tmp_path, "work").close()
    notifier.send(b"lost")
    listener = Listener(tmp_path, "work")
    notifier.send(b"found")
    assert listener.wait(1.0) == [b"found"]
    listener.close()
    notifier.close()
