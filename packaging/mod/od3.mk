######################################
#
# od3
#
######################################

# Recipe for mod-plugin-builder. Copy this file to plugins/package/od3/ there and put a checkout of
# od3.lv2 beside it, as plugins/package/od3/od3.lv2. Then run ./build DEVICE od3.

OD3_VERSION = 0.8.2
OD3_SITE_METHOD = file
OD3_SITE = .
OD3_SOURCE = .
OD3_BUNDLES = od3.lv2

define OD3_EXTRACT_CMDS
	cp -r $($(PKG)_PKGDIR)/od3.lv2 $(@D)
endef

define OD3_CONFIGURE_CMDS
	(cd $(@D)/od3.lv2; $(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) ./waf --no-install configure --prefix=/usr --oversampling=1)
endef

define OD3_BUILD_CMDS
	(cd $(@D)/od3.lv2; $(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) ./waf --no-install build -j $(PARALLEL_JOBS))
endef

define OD3_INSTALL_TARGET_CMDS
	(cd $(@D)/od3.lv2; $(TARGET_MAKE_ENV) ./waf --no-install install --destdir=$(TARGET_DIR))
endef

$(eval $(generic-package))
