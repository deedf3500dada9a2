//! A room for the fuzz targets, so that no product crate carries the fuzzer. The targets are in `tests/it`, the inputs
//! that they start from and those that once broke something are in `corpus`.
