/* What macOS' header of this name declares stands in <locale.h> here. */
