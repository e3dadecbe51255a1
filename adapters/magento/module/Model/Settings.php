<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

use Magento\Framework\App\Config\ScopeConfigInterface;
use Magento\Framework\Exception\NoSuchEntityException;
use Magento\Store\Model\ScopeInterface;

/**
 * What the merchant set under Stores > Configuration > Customers > Comeback.
 */
class Settings
{
    public const ENABLED = 'comeback_loyalty/general/enabled';
    public const ADDRESS = 'comeback_loyalty/general/address';
    public const SECRET = 'comeback_loyalty/general/secret';

    private ScopeConfigInterface $config;

    /**
     * @param ScopeConfigInterface $config
     */
    public function __construct(ScopeConfigInterface $config)
    {
        $this->config = $config;
    }

    /**
     * Tell whether changes of this store view's orders are to be told.
     *
     * @param int|null $storeId
     * @return bool
     */
    public function isOnForStore(?int $storeId): bool
    {
        return $this->isOn(ScopeInterface::SCOPE_STORE, $storeId);
    }

    /**
     * Tell whether changes of this website's customers are to be told.
     *
     * @param int|null $websiteId
     * @return bool
     */
    public function isOnForWebsite(?int $websiteId): bool
    {
        return $this->isOn(ScopeInterface::SCOPE_WEBSITE, $websiteId);
    }

    /**
     * Tell whether there is somewhere to send to and something to sign with.
     *
     * @return bool
     */
    public function isReady(): bool
    {
        return $this->address() !== '' && $this->secret() !== '';
    }

    /**
     * Return where hints go, or an empty string.
     *
     * @return string
     */
    public function address(): string
    {
        return trim((string)$this->config->getValue(self::ADDRESS));
    }

    /**
     * Return what hints are signed with, or an empty string; etc/config.xml has Magento decrypt it.
     *
     * @return string
     */
    public function secret(): string
    {
        return trim((string)$this->config->getValue(self::SECRET));
    }

    /**
     * Ask within a scope; an order may outlive its store view, and then what holds for the whole shop counts.
     *
     * @param string $scope
     * @param int|null $id
     * @return bool
     */
    private function isOn(string $scope, ?int $id): bool
    {
        if ($id === null) {
            return $this->config->isSetFlag(self::ENABLED);
        }
        try {
            return $this->config->isSetFlag(self::ENABLED, $scope, $id);
        } catch (NoSuchEntityException $gone) {
            return $this->config->isSetFlag(self::ENABLED);
        }
    }
}
