<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

use Comeback\Loyalty\Api\MessagesInterface;
use Comeback\Loyalty\Model\Config\AddressFactory;
use Magento\Framework\App\Config\ReinitableConfigInterface;
use Magento\Framework\App\Config\Storage\WriterInterface;
use Magento\Framework\Encryption\EncryptorInterface;
use Magento\Framework\Exception\LocalizedException;

/**
 * The two settings that Comeback can enter itself, checked and kept as when somebody saves them in the admin.
 */
class Messages implements MessagesInterface
{
    // As short a secret is refused by Comeback itself.
    private const SHORTEST = 16;

    private Settings $settings;

    private AddressFactory $addresses;

    private WriterInterface $writer;

    private EncryptorInterface $encryptor;

    private ReinitableConfigInterface $config;

    private Condition $condition;

    /**
     * @param Settings $settings
     * @param AddressFactory $addresses
     * @param WriterInterface $writer
     * @param EncryptorInterface $encryptor
     * @param ReinitableConfigInterface $config
     * @param Condition $condition
     */
    public function __construct(
        Settings $settings,
        AddressFactory $addresses,
        WriterInterface $writer,
        EncryptorInterface $encryptor,
        ReinitableConfigInterface $config,
        Condition $condition
    ) {
        $this->settings = $settings;
        $this->addresses = $addresses;
        $this->writer = $writer;
        $this->encryptor = $encryptor;
        $this->config = $config;
        $this->condition = $condition;
    }

    /**
     * @inheritdoc
     */
    public function address(): string
    {
        return $this->settings->address();
    }

    /**
     * @inheritdoc
     */
    public function set(string $address, string $secret): bool
    {
        $checked = $this->addresses->create();
        $checked->setValue($address);
        $checked->beforeSave();
        if ((string)$checked->getValue() === '') {
            $this->writer->delete(Settings::ADDRESS);
            $this->writer->delete(Settings::SECRET);
        } elseif (strlen(trim($secret)) < self::SHORTEST) {
            throw new LocalizedException(__('Save an address and a secret first.'));
        } else {
            // The secret first: an address without the secret that goes with it would be refused, and noted as such.
            $this->writer->save(Settings::SECRET, $this->encryptor->encrypt(trim($secret)));
            $this->writer->save(Settings::ADDRESS, (string)$checked->getValue());
        }
        $this->config->reinit();
        $this->condition->clear();
        return true;
    }
}
