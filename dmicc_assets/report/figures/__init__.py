"""Figures for print: one function a figure, frames and matrices in, a matplotlib `Figure` out; nothing is computed."""
