"""Start the Deita SQL kernel: `python -m deita_kernel -f CONNECTION_FILE`, as its kernelspec does."""

from __future__ import annotations

from ipykernel.kernelapp import IPKernelApp

from deita_kernel.sql_kernel import DeitaSQLKernel

if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=DeitaSQLKernel)
