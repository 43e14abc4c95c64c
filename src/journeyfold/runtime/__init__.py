"""The shell: clocks, sockets, processes. The only place that wires adapters to the core."""
