"""The command `shortorder`, which a wheel installs; `python -m orders` in a clone."""

from orders.application import create_app
from orders.interfaces.cli.main import command_line

main = command_line(create_app)

if __name__ == "__main__":
    main(prog_name="shortorder")
